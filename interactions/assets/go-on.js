// A form that only has to be sent, sends itself; without scripts it has a button.
document.querySelector('[data-go-on]').requestSubmit();
