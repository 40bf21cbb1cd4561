// The pages of the console: functions from facts to HTML, which ask for nothing and know no request.

export { ICON } from '../assets/icon.js';
export { SCRIPT } from '../assets/script.js';
export { STYLE } from '../assets/style.js';
export { closedPage } from './closed.js';
export { doctorPage } from './doctor.js';
export type * from './facts.js';
export { historyPage } from './history.js';
export { impactPage } from './impact.js';
export { messagePage } from './message.js';
export { overviewLive, overviewPage } from './overview.js';
export { purposesPage } from './purposes.js';
export { stepPage, stepsPage } from './steps.js';
