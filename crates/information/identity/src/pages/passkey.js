const button = document.querySelector("button[data-ceremony]");
const fault = document.querySelector("#fault");
const toBytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function ask(step, body) {
  const answer = await fetch(`/passkey/${button.dataset.path}/${step}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    credentials: "same-origin",
    redirect: "error",
  });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.detail);
  return content;
}

function forBrowser(options) {
  options.challenge = toBytes(options.challenge);
  if (options.user) options.user.id = toBytes(options.user.id);
  for (const list of [options.allowCredentials, options.excludeCredentials]) {
    for (const credential of list ?? []) credential.id = toBytes(credential.id);
  }
  return options;
}

function forServer(credential) {
  const { response } = credential;
  const sent = { clientDataJSON: toText(response.clientDataJSON) };
  if (response.attestationObject) {
    sent.attestationObject = toText(response.attestationObject);
  } else {
    sent.authenticatorData = toText(response.authenticatorData);
    sent.signature = toText(response.signature);
    sent.userHandle = response.userHandle ? toText(response.userHandle) : null;
  }
  return { id: credential.id, rawId: toText(credential.rawId), type: credential.type, response: sent };
}

const words = {
  NotAllowedError: "No passkey was used: it was cancelled, took too long, or none here fits.",
  InvalidStateError: "This device has a passkey for you already.",
  SecurityError: "This browser refuses passkeys at this address.",
};

async function run() {
  const { what, app, attempt } = button.dataset;
  const name = document.querySelector("#name")?.value;
  const { ceremony, publicKey } = await ask("start", {});
  const credential = await navigator.credentials[what]({ publicKey: forBrowser(publicKey) });
  const finish = { ceremony, credential: forServer(credential) };
  if (app) finish.leading = { app, attempt };
  if (what === "create") finish.name = name;
  const { location: next } = await ask("finish", finish);
  location.assign(next);
}

async function pressed(event) {
  event.preventDefault();
  button.disabled = true;
  fault.textContent = "";
  try {
    await run();
  } catch (error) {
    fault.textContent = words[error.name] ?? error.message;
    button.disabled = false;
    button.focus();
  }
}

if (window.PublicKeyCredential) {
  button.disabled = false;
  (button.form ?? button).addEventListener(button.form ? "submit" : "click", pressed);
} else {
  fault.textContent = "This browser has no passkeys, or not at this address.";
}
