// The waiting page: opens IB's login in a popup from the user's click, asks our server how it stands, and moves on.
(() => {
  const box = document.querySelector('[data-poll]');
  const link = document.querySelector('[data-ib-login]');
  const status = document.querySelector('[data-status]');
  if (!box || !link || !status || !box.dataset.poll) return;

  let handle = box.dataset.poll;
  let interval = Number(box.dataset.interval) * 1000;
  let timer;
  let asking = false;
  let lastAsked = 0;
  let popup = null;

  const say = (text) => {
    if (status.textContent !== text) status.textContent = text;
  };
  const later = (ms) => {
    clearTimeout(timer);
    timer = setTimeout(ask, ms);
  };

  link.addEventListener('click', (event) => {
    // Its opener stays: without it the browser would not let this page close the popup (docs/decisions/0008).
    popup = window.open(link.href, 'ib-login', 'popup,width=520,height=720');
    // Blocked: the link itself opens a tab.
    if (popup) event.preventDefault();
  });

  async function ask() {
    if (asking) return;
    if (!navigator.onLine) return say(box.dataset.offline);
    asking = true;
    clearTimeout(timer);
    lastAsked = Date.now();
    let wait = interval;
    try {
      const response = await fetch(`/authorize/poll?token=${encodeURIComponent(handle)}`, {
        headers: { accept: 'application/json' },
        cache: 'no-store',
      });
      wait = act(response.status, await response.json());
    } catch {
      say(box.dataset.trouble);
      wait = Math.min(interval * 2, 30000);
    } finally {
      asking = false;
    }
    if (wait !== undefined) later(wait);
  }

  // What an answer means; the time until the next question, or undefined when there is none.
  function act(code, body) {
    if (body.redirect_url) {
      say(box.dataset.done);
      if (popup && !popup.closed) popup.close();
      location.assign(body.redirect_url);
      return undefined;
    }
    if (body.login_url) {
      link.href = body.login_url;
      handle = body.token;
      say(box.dataset.renewed);
      return interval;
    }
    if (body.interval) interval = body.interval * 1000;
    if (code === 503) {
      say(box.dataset.trouble);
      return interval;
    }
    if (body.error === 'authorization_pending' || body.error === 'slow_down') {
      if (body.error === 'authorization_pending') say(box.dataset.waiting);
      return interval;
    }
    location.reload();
    return undefined;
  }

  // The user is back, or the popup has gone: ask at once rather than at the next turn.
  const now = () => {
    if (document.visibilityState === 'visible') later(Math.max(0, lastAsked + 500 - Date.now()));
  };
  window.addEventListener('focus', now);
  window.addEventListener('online', now);
  // Back from the browser's cache; a first showing waits its turn, so that the answer to the user's return is not spent on it.
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) now();
  });
  document.addEventListener('visibilitychange', now);
  setInterval(() => {
    if (popup?.closed) {
      popup = null;
      now();
    }
  }, 250);
  box.classList.add('polling');
  later(interval);
})();
