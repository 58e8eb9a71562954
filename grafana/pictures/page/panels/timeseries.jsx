// Curves and bars over time.
import { FieldType } from '@grafana/data';
import { TimeSeries } from '@grafana/ui';

export function TimeSeriesPanel({ panel, data, width, height, timeRange, timeZone }) {
  return (
    <TimeSeries
      frames={data.map(graphable)}
      structureRev={1}
      width={width}
      height={height}
      timeRange={timeRange}
      timeZone={timeZone}
      legend={panel.options.legend}
      options={panel.options}
    />
  );
}

// What is no number is a gap.
function graphable(frame) {
  const gaps = (field) => field.values.map((value) => (Number.isFinite(value) ? value : null));
  const fields = frame.fields.map((field) =>
    field.type === FieldType.number ? { ...field, values: gaps(field) } : field
  );
  return { ...frame, fields };
}
