import { declareErrorClass } from "../../errors.ts";
import { quote } from "../../files/quote.ts";
import {
  GatedModelError,
  HubAccessError,
  HubError,
  HubResponseError,
  ModelNotFoundError,
  RevisionNotFoundError,
} from "./errors.ts";

interface Context {
  readonly model: string;
  readonly endpoint: string;
  /** Who answered, and whether that was the hub. */
  readonly host: string;
  readonly atHub: boolean;
  readonly hasToken: boolean;
  readonly transient: boolean;
  readonly retryAfter: number | undefined;
}

/** The hub said that the model has no such file. Callers say which. */
export class NoSuchEntryError extends HubError {
  static {
    declareErrorClass(NoSuchEntryError, "NoSuchEntryError", "hub-error");
  }
}

/**
 * What a status means; the hub says more in X-Error-Code and X-Error-Message.
 * huggingface_hub 1.33, utils/_http.py, hf_raise_for_status.
 */
export function statusError(response: Response, context: Context): HubError {
  const { model, endpoint, atHub, hasToken } = context;
  const code = atHub ? response.headers.get("x-error-code") : null;
  const said = atHub ? response.headers.get("x-error-message") : null;
  const page = `${endpoint}/${model}`;
  if (code === "RevisionNotFound") {
    return new RevisionNotFoundError(model, "the model has no such revision (branch, tag or commit)");
  }
  if (code === "EntryNotFound") return new NoSuchEntryError(model, "the model has no such file");
  if (code === "GatedRepo") {
    const missing = hasToken
      ? "the account of the token in use has not done so"
      : 'then pass a token of your account ("token", or the variable HF_TOKEN)';
    return new GatedModelError(model, `the model is gated: accept its conditions at ${page}; ${missing}`);
  }
  if (said === "Invalid credentials in Authorization header") {
    return new HubAccessError(
      model,
      `${context.host} does not accept the token; create one at ${endpoint}/settings/tokens`,
      { code: "token-rejected", subject: "token" },
    );
  }
  if (said === "Access to this resource is disabled.") {
    return new HubAccessError(model, `${context.host} has disabled access to this model; see ${page}`, {
      code: "model-disabled",
    });
  }
  if (code === "RepoNotFound" || (atHub && response.status === 401)) {
    const token = hasToken
      ? "the token in use does not open it"
      : 'a private model needs a token ("token", or the variable HF_TOKEN)';
    return new ModelNotFoundError(
      model,
      `${context.host} has no such model, or keeps it private: check the name at ${page}; ${token}`,
    );
  }
  if (atHub && response.status === 403) {
    return new HubAccessError(
      model,
      `${context.host} denies this token access to the model${said ? `: ${quote(said)}` : ""}`,
    );
  }
  return otherError(response.status, said, context);
}

function otherError(status: number, said: string | null, context: Context): HubError {
  const { model, host, transient, retryAfter } = context;
  const detail = said === null ? "" : `: ${quote(said)}`;
  const advice =
    status === 429 && !context.hasToken ? "; with a token (HF_TOKEN) more requests are allowed" : "";
  return new HubResponseError(model, `${host} answered with status ${status}${detail}${advice}`, {
    status,
    transient,
    retryAfter,
  });
}
