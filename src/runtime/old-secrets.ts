// What a process has seen of secrets from before Keyturn: of cookies and tokens of libraries that an app moves in from, or that
// stay beside it.
import type { ReportedMoveIn } from '../fleet/report.js';
import type { MovingIn } from '../resolve/move-in.js';
import type { Usage } from '../signing/usage.js';

export function oldSecretsSeen(
  movingIn: ReadonlyMap<string, MovingIn>,
  usage: Usage,
): readonly ReportedMoveIn[] {
  return [...movingIn.values()].map(({ name, phase, until, secrets }) => {
    const uses = usage.uses.filter(
      ({ kid, purpose }) =>
        purpose === name && (usage.movedIn.has(name) || secrets.some((secret) => secret.kid === kid)),
    );
    const seen = uses.reduce((sum, { verified }) => sum + verified, 0);
    const seenAt = Math.max(0, ...uses.map(({ verifiedAt }) => verifiedAt));
    return { name, phase, until, seen, seenAt, since: usage.since };
  });
}
