// A phone's camera that looks at another browser's screen: Chromium's fake camera plays a file of one JPEG frame over and over, and the file is rewritten in place.
// Chromium maps the file into memory when the camera is opened, so what is written shows in the next frame. The size must stay as it was then: the rest is filled
// with JPEG comments. The app's own code runs unchanged, getUserMedia and video included.
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChromium } from './chromium.mjs';
import { atEnd } from './cleanup.mjs';

const SIZE = 200000; // bytes of the file
const WIDTH = 640, HEIGHT = 480;
const INTERVAL = 300; // milliseconds between two frames: a code stays for 3 s

/** The frame, filled up behind its first marker. */
function fill(jpeg) {
  const comments = [];
  for (let left = SIZE - jpeg.length; left > 0;) {
    // a comment takes 4 bytes at least, and no rest may be smaller
    const length = left <= 65537 ? left : Math.min(65537, left - 4);
    const comment = Buffer.alloc(length);
    comment.writeUInt16BE(0xfffe);
    comment.writeUInt16BE(length - 2, 2);
    comments.push(comment);
    left -= length;
  }
  return Buffer.concat([jpeg.subarray(0, 2), ...comments, jpeg.subarray(2)]);
}

export class Camera {
  /** A Chromium of its own with such a camera: `camera.chromium`. */
  static async start() {
    const camera = new Camera();
    const folder = mkdtempSync(join(tmpdir(), 'konsao-camera-'));
    camera.path = join(folder, 'camera.mjpeg');
    camera.file = openSync(camera.path, 'w');
    camera.chromium = await startChromium('--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${camera.path}`);
    atEnd(async () => {
      await camera.away();
      closeSync(camera.file);
      rmSync(folder, { recursive: true });
    });
    return camera;
  }

  /** Looks at what is around `selector` on a page, until `away`. The first frame is there when this is done. */
  async lookAt(page, selector) {
    await this.away();
    const cdp = await page.context().newCDPSession(page);
    let looking = true;
    const take = async () => {
      const box = await page.locator(selector).boundingBox();
      const [x, y] = [box.x + box.width / 2 - WIDTH / 2, box.y + box.height / 2 - HEIGHT / 2];
      const { data } = await cdp.send('Page.captureScreenshot', { format: 'jpeg', quality: 60, clip: { x, y, width: WIDTH, height: HEIGHT, scale: 1 } });
      writeSync(this.file, fill(Buffer.from(data, 'base64')), 0, SIZE, 0);
    };
    await take();
    const loop = (async () => {
      while (looking) {
        await new Promise((done) => setTimeout(done, INTERVAL));
        // the page may have gone on, or be closed
        if (looking) await take().catch(() => {});
      }
      await cdp.detach().catch(() => {});
    })();
    this.away = async () => {
      looking = false;
      await loop;
    };
  }

  async away() {}
}
