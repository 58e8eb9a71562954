// Draws one dashboard with Grafana's own components from scene.json, and reports what stands in the panels.
import { createTheme, dateTime, ThemeContext } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { GlobalStyles, Icon, PanelChrome } from '@grafana/ui';
import { Component } from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';

import { prepare } from './fields';
import { PANELS } from './panels';
import { settled } from './settled';

const faults = [];
window.addEventListener('error', (event) => faults.push(`${event.message} ${event.error?.stack ?? ''}`));
window.addEventListener('unhandledrejection', (event) => faults.push(String(event.reason?.stack ?? event.reason)));

// A panel that fails must not be missed, and must not take the others with it.
class Guard extends Component {
  state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  componentDidCatch(error) {
    faults.push(`${this.props.title}: ${error.stack}`);
  }

  render() {
    return this.state.failed ? <p>{this.props.title} failed</p> : this.props.children;
  }
}

function Row({ panel }) {
  const style = { position: 'absolute', ...panel.box, display: 'flex', alignItems: 'center', gap: 6, fontWeight: 500 };
  return (
    <div style={style}>
      <Icon name="angle-down" /> {panel.title}
    </div>
  );
}

function Panel({ panel, data, environment }) {
  const Drawing = PANELS[panel.type];
  const { left, top, width, height } = panel.box;
  const bare = panel.type === 'table';
  // Grafana shows the words for no data in the middle of these panels; the others are told and show them by themselves.
  const empty = data.every((frame) => frame.length === 0) && panel.type !== 'stat' && panel.type !== 'bargauge';
  return (
    <div style={{ position: 'absolute', left, top }} data-panel={panel.title}>
      <PanelChrome
        title={panel.title}
        description={panel.description}
        width={width}
        height={height}
        padding={bare ? 'none' : 'md'}
      >
        {(innerWidth, innerHeight) =>
          empty ? (
            <Nothing words={panel.fieldConfig.defaults.noValue ?? 'No data'} width={innerWidth} height={innerHeight} />
          ) : (
            <Guard title={panel.title}>
              <Drawing panel={panel} data={data} width={innerWidth} height={innerHeight} {...environment} />
            </Guard>
          )
        }
      </PanelChrome>
    </div>
  );
}

function Nothing({ words, width, height }) {
  return <div style={{ width, height, display: 'flex', alignItems: 'center', justifyContent: 'center' }}>{words}</div>;
}

function Styles({ theme, children }) {
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      {children}
    </ThemeContext.Provider>
  );
}

function Dashboard({ scene, data, environment }) {
  return (
    <div style={{ position: 'relative', width: scene.width, height: scene.height }}>
      <h1 style={{ position: 'absolute', left: 14, top: 16, fontSize: 18, margin: 0 }}>{scene.title}</h1>
      {scene.panels.map((panel, index) =>
        panel.type === 'row' ? (
          <Row key={panel.id} panel={panel} />
        ) : (
          <Panel key={panel.id} panel={panel} data={data[index]} environment={environment} />
        )
      )}
    </div>
  );
}

function timeRange(scene) {
  const [from, to] = [dateTime(scene.from), dateTime(scene.to)];
  return { from, to, raw: { from, to } };
}

// What stands in each panel, and what failed.
function report() {
  const drawn = [...document.querySelectorAll('[data-panel]')];
  const panels = Object.fromEntries(drawn.map((panel) => [panel.dataset.panel, panel.innerText]));
  return { panels, faults };
}

async function main() {
  const scene = await (await fetch('scene.json')).json();
  await initPluginTranslations('pictures');
  const theme = createTheme({ colors: { mode: 'dark' } });
  const environment = { theme, timeZone: 'utc', timeRange: timeRange(scene) };
  const unknown = scene.panels.filter(({ type }) => type !== 'row' && !(type in PANELS));
  if (unknown.length > 0) {
    throw new Error(`no way to draw ${unknown.map(({ title, type }) => `${title} (${type})`).join(', ')}`);
  }
  const data = await Promise.all(
    scene.panels.map((panel) => (panel.type === 'row' ? [] : prepare(panel, environment)))
  );
  document.body.style.background = theme.colors.background.canvas;
  const root = createRoot(document.getElementById('dashboard'));
  // Widths of texts are measured on a canvas, which does not wait for a font; the styles know where the fonts are.
  flushSync(() => root.render(<Styles theme={theme} />));
  await Promise.all(['400 14px Inter', '500 14px Inter'].map((font) => document.fonts.load(font)));
  root.render(
    <Styles theme={theme}>
      <Dashboard scene={scene} data={data} environment={environment} />
    </Styles>
  );
  await settled();
}

main()
  .catch((error) => faults.push(String(error.stack)))
  .finally(() => {
    window.report = report();
  });
