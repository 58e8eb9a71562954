// Shares of a whole. Grafana's pie is not on npm: the ring is ours, its figures, colours and legend are Grafana's.
import { formattedValueToString } from '@grafana/data';
import { VizLayout, VizLegend } from '@grafana/ui';

import { figures } from './values';

export function PieChartPanel(props) {
  const { legend } = props.panel.options;
  const shares = figures(props)
    .filter((figure) => Number.isFinite(figure.display.numeric))
    .sort((a, b) => b.display.numeric - a.display.numeric);
  const total = shares.reduce((sum, share) => sum + share.display.numeric, 0);
  const items = shares.map(({ display }) => ({
    label: display.title,
    color: display.color,
    yAxis: 1,
    getDisplayValues: () => [
      { title: 'Value', numeric: display.numeric, text: formattedValueToString(display) },
      { title: 'Percent', numeric: display.numeric / total, text: `${((100 * display.numeric) / total).toFixed(0)}%` },
    ],
  }));
  const words = (
    <VizLayout.Legend placement={legend.placement}>
      <VizLegend items={items} placement={legend.placement} displayMode={legend.displayMode} isSortable />
    </VizLayout.Legend>
  );
  return (
    <VizLayout width={props.width} height={props.height} legend={words}>
      {(width, height) => <Ring shares={shares} total={total} width={width} height={height} theme={props.theme} />}
    </VizLayout>
  );
}

function Ring({ shares, total, width, height, theme }) {
  const outer = Math.min(width, height) / 2 - 10;
  const radius = 0.8 * outer;
  let turned = -0.25;
  const arcs = shares.map(({ display }) => {
    const part = display.numeric / total;
    const around = 2 * Math.PI * radius;
    const arc = (
      <circle
        key={display.title}
        r={radius}
        fill="none"
        stroke={display.color}
        strokeWidth={0.4 * outer}
        strokeDasharray={`${part * around} ${around}`}
        transform={`rotate(${360 * turned})`}
      />
    );
    const edge = (
      <line
        key={`${display.title} edge`}
        x1={0.6 * outer}
        x2={outer}
        stroke={theme.colors.background.primary}
        strokeWidth={2}
        transform={`rotate(${360 * turned})`}
      />
    );
    turned += part;
    return [arc, edge];
  });
  return (
    <svg width={width} height={height} viewBox={`${-width / 2} ${-height / 2} ${width} ${height}`}>
      {arcs.map(([arc]) => arc)}
      {arcs.map(([, edge]) => edge)}
    </svg>
  );
}
