import { declareErrorClass, SentensorError, type SentensorErrorOptions } from "../../errors.ts";

export interface HubErrorOptions extends SentensorErrorOptions {
  /** Whether the same call may well succeed a little later. */
  readonly transient?: boolean;
  /** What the server asked to wait for, in milliseconds. */
  readonly retryAfter?: number | undefined;
}

/** The hub, the way to it, or its cache on this machine did not give what was asked for. */
export class HubError extends SentensorError {
  /** As the hub calls it: "sentence-transformers/all-MiniLM-L6-v2". */
  readonly model: string;
  /** Whether the same call may well succeed a little later. */
  readonly transient: boolean;
  /** What the server asked to wait for, in milliseconds. */
  readonly retryAfter: number | undefined;

  static {
    declareErrorClass(HubError, "HubError", "hub-error");
  }

  constructor(model: string, message: string, options: HubErrorOptions = {}) {
    super(`${model}: ${message}`, options);
    this.model = model;
    this.transient = options.transient ?? false;
    this.retryAfter = options.retryAfter;
  }
}

/** There is no model of that name, or it is private and the token, if there is one, does not open it. */
export class ModelNotFoundError extends HubError {
  static {
    declareErrorClass(ModelNotFoundError, "ModelNotFoundError", "model-not-found");
  }
}

/** The model has no such branch, tag or commit. */
export class RevisionNotFoundError extends HubError {
  static {
    declareErrorClass(RevisionNotFoundError, "RevisionNotFoundError", "revision-not-found");
  }
}

/** The hub knows the model and refuses it to this caller. */
export class HubAccessError extends HubError {
  static {
    declareErrorClass(HubAccessError, "HubAccessError", "access-denied");
  }
}

/** The model's licence has to be accepted first. */
export class GatedModelError extends HubAccessError {
  static {
    declareErrorClass(GatedModelError, "GatedModelError", "gated-model");
  }
}

/** The hub cannot be reached, or the connection broke again and again. */
export class HubConnectionError extends HubError {
  static {
    declareErrorClass(HubConnectionError, "HubConnectionError", "hub-unreachable");
  }
}

/** The hub answered with a status or a body that has no place in its protocol. */
export class HubResponseError extends HubError {
  /** The HTTP status; undefined where the status was fine and the body was not. */
  readonly status: number | undefined;

  static {
    declareErrorClass(HubResponseError, "HubResponseError", "hub-response");
  }

  constructor(
    model: string,
    message: string,
    options: HubErrorOptions & { readonly status?: number | undefined } = {},
  ) {
    super(model, message, options);
    this.status = options.status;
  }
}

/** A downloaded file has not the size or the hash that the hub lists for it. */
export class HubIntegrityError extends HubError {
  static {
    declareErrorClass(HubIntegrityError, "HubIntegrityError", "download-corrupt");
  }
}

/** A file is not in the cache, and nothing may or can be downloaded. */
export class HubOfflineError extends HubError {
  static {
    declareErrorClass(HubOfflineError, "HubOfflineError", "not-cached");
  }
}

/** The cache folder cannot be read or written: no space, no permission. */
export class HubStorageError extends HubError {
  static {
    declareErrorClass(HubStorageError, "HubStorageError", "cache-error");
  }
}
