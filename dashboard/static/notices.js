// Short news above the thumb. It goes by itself; what must be read has a place of its own.

const SHOWN_MS = 7_000;

export function notice(text) {
  const line = document.createElement("p");
  line.className = "notice";
  line.textContent = text;
  document.getElementById("notices").append(line);
  setTimeout(() => line.remove(), SHOWN_MS);
}

// What a refusal says of itself, or nothing.
export async function detail(answer) {
  try {
    const problem = await answer.json();
    return problem.detail || problem.title || "";
  } catch {
    return "";
  }
}
