import { embed } from "../../embed.js";
import { texts } from "../../texts.js";

export const dynamic = "force-dynamic";

/** Computed in the server. */
export async function GET() {
  return Response.json(await embed("public/demo-en", texts));
}
