"use client";

import { useEffect, useState } from "react";
import { embed } from "./embed.js";
import { texts } from "./texts.js";

/** Computed in the browser. */
export function Embeddings() {
  const [result, setResult] = useState(null);
  const [failure, setFailure] = useState(null);
  useEffect(() => {
    embed(new URL("/demo-en/", location.href).href, texts).then(setResult, setFailure);
  }, []);
  if (failure) throw failure;
  return <output>{result ? JSON.stringify(result) : "computing …"}</output>;
}
