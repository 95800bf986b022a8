// What is wider than the window is scrolled with the keyboard too.
addEventListener("load", () => {
  for (const part of document.querySelectorAll("pre, .table-wrapper")) {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
  }
});
