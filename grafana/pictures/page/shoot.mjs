// Opens a page in Chromium, waits until it says that it is drawn, and takes its picture.
// `node shoot.mjs CHROMIUM URL WIDTH HEIGHT PNG` writes what the page reports to standard output.
import { argv, getuid, stdout } from 'node:process';

import puppeteer from 'puppeteer-core';

const [chromium, url, width, height, target] = argv.slice(2);
const PATIENCE = 60_000;
const FLAGS = [
  '--hide-scrollbars',
  '--force-color-profile=srgb',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  // Chromium's sandbox does not start as root; the page is ours.
  ...(getuid() === 0 ? ['--no-sandbox'] : []),
];

const browser = await puppeteer.launch({ executablePath: chromium, args: FLAGS, pipe: true, protocolTimeout: PATIENCE });
try {
  const page = await browser.newPage();
  await page.setViewport({ width: Number(width), height: Number(height) });
  await page.goto(url);
  const report = await page.waitForFunction('window.report', { timeout: PATIENCE });
  stdout.write(JSON.stringify(await report.jsonValue()));
  await page.screenshot({ path: target });
} finally {
  await browser.close();
}
