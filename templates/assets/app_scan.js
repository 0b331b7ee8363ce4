'use strict';

/* The scan screen: the camera, and who reads codes in its picture. */
const scanner = (() => {
  const INTERVAL = 120; // milliseconds between two looks: enough for the eye, and easy on a slow phone
  const WIDTH = 640; // pixels of a picture that is looked at
  let stream = null;

  /* The browser's own reader where it has one, else ours, fetched when it is needed. */
  async function reader() {
    const formats = (await self.BarcodeDetector?.getSupportedFormats().catch(() => [])) ?? [];
    if (formats.includes('qr_code')) {
      const detector = new BarcodeDetector({ formats: ['qr_code'] });
      return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
    }
    for (const address of self.decodeQR ? [] : document.body.dataset.decoder.split(' ')) await load(address);
    return ownReader();
  }

  function load(address) {
    return new Promise((resolve, reject) => {
      const script = document.createElement('script');
      Object.assign(script, { src: address, onload: resolve, onerror: reject });
      document.head.append(script);
    });
  }

  function ownReader() {
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d', { willReadFrequently: true });
    return async (video) => {
      const scale = Math.min(1, WIDTH / video.videoWidth);
      canvas.width = Math.round(video.videoWidth * scale);
      canvas.height = Math.round(video.videoHeight * scale);
      context.drawImage(video, 0, 0, canvas.width, canvas.height);
      return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height));
    };
  }

  /* The code in a link of ours: the last part of {issuer}/q/CODE, or that part alone. Null for anything else. */
  function codeOf(text) {
    const start = `${document.body.dataset.issuer}/q/`;
    const code = text.startsWith(start) ? text.slice(start.length) : text;
    return /^[\w-]+\.\d+\.[\w-]+$/.test(code) ? code : null;
  }

  async function watch(video) {
    const read = await reader();
    while (stream && video.isConnected) {
      const text = video.readyState >= video.HAVE_CURRENT_DATA ? await read(video).catch(() => null) : null;
      const code = text && codeOf(text);
      if (code && stream) return found(code);
      await new Promise((done) => setTimeout(done, INTERVAL));
    }
    return undefined;
  }

  function found(code) {
    navigator.vibrate?.(40);
    return request.scan(code);
  }

  async function camera() {
    const video = document.querySelector('#main video');
    try {
      const wanted = { facingMode: 'environment', width: { ideal: 1280 } };
      const opened = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
      if (!video.isConnected) return opened.getTracks().forEach((track) => track.stop());
      stream = video.srcObject = opened;
      await video.play();
      await watch(video);
    } catch (error) {
      if (!video.isConnected) return undefined;
      video.closest('.finder').remove();
      document.querySelector('#main details').open = true;
      view.say(view.word(error.name === 'NotAllowedError' ? 'camera_denied' : 'camera_none'), { bad: true });
    }
    return undefined;
  }

  function stop() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
  }

  async function link(data, form) {
    const code = codeOf(form.elements.link.value.trim());
    if (!code) throw new ApiError('invalid_code');
    await request.scan(code);
  }

  function show() {
    view.show('scan', { camera: Boolean(navigator.mediaDevices) }, { link }, stop);
    if (navigator.mediaDevices) camera();
  }

  return { show, codeOf };
})();
