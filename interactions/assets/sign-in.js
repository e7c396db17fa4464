// The waiting page: opens IB's login in a popup from the user's click, asks our server how it stands, and moves on.
(() => {
  const box = document.querySelector('[data-poll]');
  const link = document.querySelector('[data-ib-login]');
  const status = document.querySelector('[data-status]');
  if (!box || !link || !status || !box.dataset.poll) return;

  const SLOW_MS = 4000;
  const LONGEST_MS = 20000;
  const LOOK_MS = 500;
  const AGAIN_MS = 1000;
  const BUSY_MS = 5000;

  let handle = box.dataset.poll;
  let interval = Number(box.dataset.interval) * 1000;
  // What the page says while nothing is wrong; why there is a new link stays to be read.
  let idle = box.dataset.idle;
  let timer;
  let asking;
  let lastAsked = 0;
  let lastLook = 0;
  const clock = document.querySelector('[data-clock] > span');
  const help = document.querySelector('[data-help]');
  // How many questions are still asked at once, since the user looks at the page.
  let looks = 0;
  let popup = null;

  // Compared with what was said, not with what stands there: a browser that translates the page has changed that.
  let said = status.textContent;
  const say = (text) => {
    if (said === text) return;
    said = text;
    status.textContent = text;
  };
  const later = (ms) => {
    clearTimeout(timer);
    timer = setTimeout(ask, ms);
  };

  link.addEventListener('click', (event) => {
    // Its opener stays: without it the browser would not let this page close the popup (docs/decisions/0008).
    popup = window.open(link.href, 'ib-login', 'popup,width=520,height=720');
    // Blocked, which some browsers say by a window that is closed: the link itself opens a tab.
    if (popup?.closed) popup = null;
    if (popup) event.preventDefault();
  });

  // Asks, whatever the browser thinks of its network: it knows the link, not the way to us.
  async function ask() {
    clearTimeout(timer);
    // An answer that is long in coming is asked for anew.
    asking?.abort();
    const mine = new AbortController();
    asking = mine;
    lastAsked = Date.now();
    const slow = setTimeout(() => say(box.dataset.slow), SLOW_MS);
    const giveUp = setTimeout(() => mine.abort(), LONGEST_MS);
    let wait;
    try {
      const looking = looks > 0 ? '&looking=1' : '';
      const response = await fetch(`/authorize/poll?token=${encodeURIComponent(handle)}${looking}`, {
        headers: { accept: 'application/json' },
        cache: 'no-store',
        signal: mine.signal,
      });
      const body = await response.json();
      if (mine === asking) wait = act(response.status, body);
    } catch {
      if (mine === asking) {
        say(navigator.onLine ? box.dataset.busy : box.dataset.offline);
        wait = Math.min(interval * 2, 30000);
      }
    } finally {
      clearTimeout(slow);
      clearTimeout(giveUp);
    }
    if (mine === asking && wait !== undefined) later(wait);
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
      idle = { session_over: box.dataset.sessionOver, older_login: box.dataset.olderLogin }[body.reason];
      idle ??= box.dataset.renewed;
      say(idle);
      return interval;
    }
    if (body.interval) interval = body.interval * 1000;
    // Ours, not IB's: it is we who cannot serve.
    if ((code === 429 || code >= 500) && !body.interval) {
      say(box.dataset.busy);
      return BUSY_MS;
    }
    if (code === 503) {
      say(box.dataset.trouble);
      looks -= 1;
      return looks > 0 ? AGAIN_MS : interval;
    }
    if (body.error === 'authorization_pending') {
      looks = 0;
      say(idle);
      return interval;
    }
    if (body.error === 'slow_down') return interval;
    location.reload();
    return undefined;
  }

  // The user is back, or the popup has gone: ask at once rather than at the next turn.
  const look = () => {
    if (document.visibilityState !== 'visible' || Date.now() - lastLook < LOOK_MS) return;
    lastLook = Date.now();
    looks = 3;
    later(Math.max(0, lastAsked + LOOK_MS - Date.now()));
  };
  window.addEventListener('focus', look);
  window.addEventListener('online', look);
  // Back from the browser's cache; a first showing waits its turn, so that the answer to the user's return is not spent on it.
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) look();
  });
  document.addEventListener('visibilitychange', look);
  setInterval(() => {
    if (popup?.closed) {
      popup = null;
      look();
    }
  }, 250);
  // A calm clock, outside of what is read out; after a minute there is help.
  const tick = () => {
    if (!clock || lastAsked === 0) return;
    // The number alone: a browser that translates the page need not read the sentence again each second.
    clock.querySelector('[data-seconds]').textContent = Math.round((Date.now() - lastAsked) / 1000);
    clock.hidden = false;
  };
  setInterval(tick, 1000);
  if (help) {
    setTimeout(() => {
      help.hidden = false;
    }, Number(help.dataset.help));
  }
  const byItself = document.querySelector('[data-by-itself]');
  if (byItself) byItself.hidden = false;
  if (box.dataset.at) say(box.dataset[box.dataset.at]);
  box.classList.add('polling');
  later(interval);
})();
