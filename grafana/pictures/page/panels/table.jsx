// Rows and columns.
import { TableNG } from '@grafana/ui/unstable';

export function TablePanel({ panel, data, width, height, timeRange }) {
  const { options, fieldConfig } = panel;
  return (
    <TableNG
      data={data[options.frameIndex ?? 0]}
      width={width}
      height={height}
      noHeader={!options.showHeader}
      showTypeIcons={options.showTypeIcons}
      sortBy={options.sortBy}
      cellHeight={options.cellHeight}
      fieldConfig={fieldConfig}
      noValue={fieldConfig.defaults.noValue}
      timeRange={timeRange}
      enableVirtualization
      resizable
    />
  );
}
