// The sign of the console in the tab of a browser, which would ask the app for one otherwise.

export const ICON: string = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20" fill="none" stroke="#149c8b"><circle cx="10" cy="10" r="7.5" stroke-width="2.5" stroke-dasharray="36 12"/><circle cx="10" cy="10" r="1.5" stroke-width="3"/></svg>
`;
