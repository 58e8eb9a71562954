// Single figures side by side.
import { getDisplayValueAlignmentFactors } from '@grafana/data';
import { BigValue, VizRepeater } from '@grafana/ui';

import { figures } from './values';

export function StatPanel(props) {
  const { options } = props.panel;
  const draw = ({ value, width, height, count, alignmentFactors }) => (
    <BigValue
      value={value.display}
      count={count}
      width={width}
      height={height}
      alignmentFactors={alignmentFactors}
      colorMode={options.colorMode}
      graphMode={options.graphMode}
      justifyMode={options.justifyMode}
      textMode={options.textMode}
      disableWideLayout={!options.wideLayout}
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
      source={props.data}
      renderCounter={0}
      itemSpacing={3}
      autoGrid
      orientation={options.orientation}
    />
  );
}
