/* Goes on when every frame has loaded, or has had its time; the page's own link does the same by hand. */
'use strict';
const next = document.getElementById('next').href;
const frames = [...document.querySelectorAll('iframe')];
const loaded = frames.map((frame) => new Promise((done) => frame.addEventListener('load', done, { once: true })));
const late = new Promise((done) => setTimeout(done, 4000));
Promise.race([Promise.all(loaded), late]).then(() => location.replace(next));
