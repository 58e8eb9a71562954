// The panel types of our dashboards: each turns a panel's options and fields into the props of Grafana's components.
import { BarGaugePanel } from './bargauge';
import { PieChartPanel } from './piechart';
import { StatPanel } from './stat';
import { StateTimelinePanel } from './statetimeline';
import { TablePanel } from './table';
import { TimeSeriesPanel } from './timeseries';

export const PANELS = {
  bargauge: BarGaugePanel,
  piechart: PieChartPanel,
  stat: StatPanel,
  'state-timeline': StateTimelinePanel,
  table: TablePanel,
  timeseries: TimeSeriesPanel,
};
