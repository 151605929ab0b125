for (const toggle of document.querySelectorAll("button[data-shows]")) {
  const input = document.getElementById(toggle.dataset.shows);
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    const shown = input.type === "text";
    input.type = shown ? "password" : "text";
    toggle.setAttribute("aria-pressed", String(!shown));
  });
}
