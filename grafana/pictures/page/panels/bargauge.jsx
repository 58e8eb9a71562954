// A bar for each series.
import { getDisplayValueAlignmentFactors } from '@grafana/data';
import { BarGauge, VizRepeater } from '@grafana/ui';

import { figures } from './values';

export function BarGaugePanel(props) {
  const { options } = props.panel;
  const draw = ({ value, width, height, orientation, count, alignmentFactors }) => (
    <BarGauge
      value={value.display}
      field={value.field}
      display={value.view?.getFieldDisplayProcessor(value.colIndex)}
      width={width}
      height={height}
      orientation={orientation}
      alignmentFactors={count > 1 ? alignmentFactors : undefined}
      displayMode={options.displayMode}
      valueDisplayMode={options.valueMode}
      namePlacement={options.namePlacement}
      showUnfilled={options.showUnfilled}
      itemSpacing={10}
      theme={props.theme}
    />
  );
  return (
    <VizRepeater
      getValues={() => figures(props)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={draw}
      width={props.width}
      height={props.height}
      minVizWidth={options.minVizWidth}
      minVizHeight={options.minVizHeight}
      maxVizHeight={options.maxVizHeight}
      source={props.data}
      renderCounter={0}
      itemSpacing={10}
      orientation={options.orientation}
    />
  );
}
