import { Embeddings } from "./embeddings.jsx";

export default function Page() {
  return <Embeddings />;
}
