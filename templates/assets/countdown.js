/* Shows how long the code still holds. The page says until when without it. */
'use strict';
(function () {
  const left = document.querySelector('[data-seconds]');
  const clock = left && left.querySelector('[data-clock]');
  const seconds = left && Number(left.dataset.seconds);
  if (!clock || !(seconds > 0)) {
    return;
  }
  const end = performance.now() + seconds * 1000;
  function show() {
    const rest = Math.ceil((end - performance.now()) / 1000);
    if (rest <= 0) {
      left.setAttribute('role', 'alert');
      left.textContent = left.dataset.over;
      left.parentElement.parentElement.classList.add('over');
      clearInterval(timer);
      return;
    }
    clock.textContent = Math.floor(rest / 60) + ':' + String(rest % 60).padStart(2, '0');
  }
  const timer = setInterval(show, 1000);
  left.hidden = false;
  show();
})();
