// States over time. Grafana's bars are not on npm: they are ours, their colours, the names and the axis are Grafana's.
import {
  applyNullInsertThreshold,
  colorManipulator,
  FieldType,
  getFieldDisplayName,
  outerJoinDataFrames,
} from '@grafana/data';
import { AxisPlacement, ScaleDirection, ScaleOrientation } from '@grafana/schema';
import { Pagination, UPlotChart, UPlotConfigBuilder } from '@grafana/ui';
import { useMemo } from 'react';

// Pixels that the choice of a page takes.
const PAGES = 40;

export function StateTimelinePanel({ data, width, height, ...props }) {
  const { perPage } = props.panel.options;
  const pages = Math.ceil(data.length / perPage);
  const first = useMemo(() => prepare({ ...props, data: data.slice(0, perPage) }), []);
  return (
    <>
      <UPlotChart config={first.config} data={first.data} width={width} height={height - (pages > 1 ? PAGES : 0)} />
      {pages > 1 && <Pagination currentPage={1} numberOfPages={pages} onNavigate={() => {}} />}
    </>
  );
}

function prepare({ panel, data, theme, timeZone, timeRange }) {
  const gapped = data.map((frame) => applyNullInsertThreshold({ frame, refFieldPseudoMax: timeRange.to.valueOf() }));
  const joined = outerJoinDataFrames({ frames: gapped });
  const [time, ...states] = joined.fields.filter((field) => field.type !== FieldType.string);
  const names = states.map((field) => getFieldDisplayName(field, joined, data));
  const builder = new UPlotConfigBuilder(timeZone);
  const across = { orientation: ScaleOrientation.Horizontal, direction: ScaleDirection.Right, isTime: true };
  const range = () => [timeRange.from.valueOf(), timeRange.to.valueOf()];
  builder.addScale({ scaleKey: 'x', ...across, range });
  const down = { orientation: ScaleOrientation.Vertical, direction: ScaleDirection.Down };
  builder.addScale({ scaleKey: 'y', ...down, range: () => [0, states.length] });
  builder.addAxis({ scaleKey: 'x', isTime: true, placement: AxisPlacement.Bottom, timeZone, theme });
  builder.addAxis({
    scaleKey: 'y',
    placement: AxisPlacement.Left,
    splits: names.map((_, row) => row + 0.5),
    values: names,
    grid: { show: false },
    ticks: { show: false },
    theme,
  });
  states.forEach(() => builder.addSeries({ scaleKey: 'y', theme, pathBuilder: () => null, pointsBuilder: () => null }));
  builder.addHook('draw', (plot) => states.forEach((field, row) => drawRow(plot, panel, time, field, row)));
  return { config: builder, data: joined.fields.map((field) => field.values) };
}

function drawRow(plot, panel, time, field, row) {
  const { rowHeight } = panel.options;
  const { fillOpacity } = panel.fieldConfig.defaults.custom;
  const top = plot.valToPos(row + (1 - rowHeight) / 2, 'y', true);
  const bottom = plot.valToPos(row + (1 + rowHeight) / 2, 'y', true);
  for (const { from, to, value } of runs(time.values, field.values)) {
    const left = plot.valToPos(from, 'x', true);
    const right = plot.valToPos(to, 'x', true);
    plot.ctx.fillStyle = colorManipulator.alpha(field.display(value).color, fillOpacity / 100);
    plot.ctx.fillRect(left, top, right - left, bottom - top);
  }
}

// Neighbours with the same value are one bar; a bar ends where the next one or a gap begins.
function* runs(times, values) {
  for (let begin = 0, end; begin < values.length; begin = end) {
    end = begin + 1;
    while (end < values.length && values[end] === values[begin]) {
      end += 1;
    }
    if (values[begin] != null) {
      yield { from: times[begin], to: times[Math.min(end, values.length - 1)], value: values[begin] };
    }
  }
}
