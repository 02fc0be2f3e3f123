import { UnsupportedError } from "../errors.ts";
import { ConfigReader } from "../files/config-reader.ts";
import type { FileSource } from "../files/file-source.ts";
import { CHAT_TEMPLATE, TOKENIZER_CONFIG } from "../files/model-files.ts";
import { fileNameIn } from "../files/relative-path.ts";

/**
 * Rejects a tokenizer with a chat template: where no file says that texts are to be taken as they are, the reference
 * makes a message of each. sentence-transformers v6.0.1, base/modules/transformer.py (`infer_modalities`,
 * `preprocess`); transformers v5.18.0, tokenization_utils_base.py (`from_pretrained`) for the files.
 */
export async function rejectChatTemplate(source: FileSource): Promise<void> {
  const [inFile, inConfig] = await Promise.all([
    source.exists(CHAT_TEMPLATE),
    hasTemplate(source, TOKENIZER_CONFIG),
  ]);
  if (!inFile && !inConfig) return;
  throw new UnsupportedError(
    "a chat template is not supported; the Python library puts it around every text where modules.json is missing",
    {
      code: "unsupported-chat-template",
      subject: "chat_template",
      file: fileNameIn(source.name, inFile ? CHAT_TEMPLATE : TOKENIZER_CONFIG),
    },
  );
}

async function hasTemplate(source: FileSource, path: string): Promise<boolean> {
  return (await source.exists(path)) && (await ConfigReader.read(source, path)).has("chat_template");
}
