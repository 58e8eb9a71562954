// Tells when a page stands still: icons are fetched, and widths are measured after the first drawing.
const PAUSE = 250;
const STILL = 4;
const LONGEST = 120;

export async function settled() {
  let still = 0;
  let before = '';
  for (let round = 0; round < LONGEST; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    const now = look();
    still = now === before && plots().every(painted) ? still + 1 : 0;
    if (still === STILL) {
      return;
    }
    before = now;
  }
  throw new Error(`after ${(LONGEST * PAUSE) / 1000} s the page has not settled`);
}

function look() {
  const sizes = plots().map((canvas) => `${canvas.width}x${canvas.height}`);
  return [document.body.innerText, document.querySelectorAll('svg').length, ...sizes].join('\n');
}

function plots() {
  return [...document.querySelectorAll('.uplot canvas')];
}

function painted(canvas) {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.some((part) => part !== 0);
}
