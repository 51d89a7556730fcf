// What a page of a derivation can do with a script. Without it everything is there to read.
(() => {
  "use strict";

  // Steps between the first and the last line of a lemma ----------------------------------------

  const fold = (button, closed) => {
    button.setAttribute("aria-expanded", String(!closed));
    button.textContent = closed ? "▸" : "▾";
    button.closest(".derive-line").classList.toggle("derive-closed", closed);
    for (const id of button.getAttribute("aria-controls").split(" ")) {
      document.getElementById(id).classList.toggle("derive-off", closed);
    }
  };

  const isClosed = (button) => button.getAttribute("aria-expanded") === "false";

  // Ways to show the same thing -----------------------------------------------------------------

  const chosen = (field) => field.querySelector("input:checked").value;

  const showView = (field) => {
    const key = chosen(field);
    for (const view of field.parentElement.children) {
      if (view.dataset.view !== undefined) {
        view.classList.toggle("derive-off", view.dataset.view !== key);
      }
    }
  };

  const showColumn = (field) => {
    const key = chosen(field);
    for (const cell of field.parentElement.querySelectorAll("[data-column]")) {
      cell.classList.toggle("derive-off", key !== "all" && cell.dataset.column !== key);
    }
  };

  // Links to a line that has been put away ------------------------------------------------------

  const reveal = (root) => {
    let name = "";
    try {
      name = decodeURIComponent(location.hash.slice(1));
    } catch {
      return; // a broken link of somebody else's
    }
    const line = name && document.getElementById(name);
    if (!line || !root.contains(line)) {
      return;
    }
    const view = line.closest("[data-view]");
    if (view && view.classList.contains("derive-off")) {
      const field = view.parentElement.querySelector(".derive-switch");
      field.querySelector(`input[value="${CSS.escape(view.dataset.view)}"]`).checked = true;
      showView(field);
    }
    for (const button of root.querySelectorAll(".derive-fold")) {
      if (button.getAttribute("aria-controls").split(" ").includes(line.id)) {
        fold(button, false);
      }
    }
    line.scrollIntoView({ block: "nearest" });
  };

  // Copying -------------------------------------------------------------------------------------

  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // A page opened from a disk may have no clipboard; the older way works there.
      const focused = document.activeElement;
      const area = document.createElement("textarea");
      area.value = text;
      area.style.position = "fixed"; // where it is, so that nothing scrolls
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      focused.focus({ preventScroll: true });
      return done;
    }
  };

  // What scrolls can be scrolled with the keyboard ------------------------------------------------

  const scrollable = (root) => {
    for (const box of root.querySelectorAll(".derive-right, .derive-left, .derive-scroll")) {
      if (box.scrollWidth > box.clientWidth) {
        box.tabIndex = 0;
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", root.dataset.wide);
      } else {
        box.removeAttribute("tabindex");
        box.removeAttribute("role");
        box.removeAttribute("aria-label");
      }
    }
  };

  const start = (root) => {
    if (root.classList.contains("derive-scripted")) {
      return;
    }
    root.classList.add("derive-scripted");
    const folds = [...root.querySelectorAll(".derive-fold")];
    const status = root.querySelector(".derive-status");
    const clocks = new WeakMap();

    const follow = root.querySelector(".derive-follow");
    const setFollowing = (follows) => {
      root.classList.toggle("derive-following", follows);
      follow.setAttribute("aria-pressed", String(follows));
    };

    for (const field of root.querySelectorAll(".derive-switch")) {
      const show = field.dataset.of === "views" ? showView : showColumn;
      field.addEventListener("change", () => {
        show(field);
        scrollable(root);
      });
      show(field);
    }

    root.addEventListener("click", async (event) => {
      const folded = event.target.closest(".derive-folded");
      const button = folded
        ? folded.parentElement.querySelector(".derive-fold")
        : event.target.closest("button");
      if (!button || !root.contains(button)) {
        return;
      }
      if (button.classList.contains("derive-fold")) {
        fold(button, !isClosed(button));
      } else if (button.classList.contains("derive-every")) {
        folds.forEach((each) => fold(each, button.value === "close"));
      } else if (button.classList.contains("derive-follow")) {
        setFollowing(!root.classList.contains("derive-following"));
      } else if (button.classList.contains("derive-copy")) {
        const done = await copy(button.closest(".derive-line").dataset.latex);
        status.textContent = done ? root.dataset.copied : root.dataset.notCopied;
        // The button stays what it is, so that the focus stays where it is.
        button.textContent = done ? "✓" : "✗";
        clearTimeout(clocks.get(button));
        clocks.set(
          button,
          setTimeout(() => {
            button.textContent = "TeX";
            status.textContent = "";
          }, 1200),
        );
      }
      scrollable(root);
    });

    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && root.classList.contains("derive-following")) {
        setFollowing(false);
      }
    });

    scrollable(root);
    addEventListener("resize", () => scrollable(root));
    addEventListener("hashchange", () => reveal(root));
    reveal(root);
  };

  document.querySelectorAll(".derive").forEach(start);
})();
