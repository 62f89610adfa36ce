// Loaded before anything is drawn, and so no module: whoever chose a theme sees no flash of the other one.
try {
  const chosen = localStorage.getItem('switchboard.theme')
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset['theme'] = chosen
} catch {
  // Storage is forbidden: the system's theme it is.
}
