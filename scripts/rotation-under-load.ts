/** Rotates all keys through every step under load: `npm run load:rotation -- [users for each step and process]`. */
import { rotateUnderLoad } from '../test/support/rotation-load.ts';

const PROCESSES = 3;
const AT_ONCE = 6;
/** 81 users in all, who sign in 162 times and refresh 162 times. */
const USERS = 9;

const users = Number(process.argv[2] ?? USERS);
const { signIns, refreshes, failures, steps } = await rotateUnderLoad({
  processes: PROCESSES,
  users,
  atOnce: AT_ONCE,
});
for (const said of steps) process.stdout.write(`${said}\n`);
for (const failure of failures) process.stdout.write(`failed: ${failure}\n`);
const asked = PROCESSES * 3 * users * 4;
process.stdout.write(
  `${PROCESSES} processes, 3 steps: ${signIns} sign-ins and ${refreshes} refreshes of ${asked}, ${failures.length} users failed\n`,
);
process.exitCode = failures.length === 0 && signIns + refreshes === asked ? 0 : 1;
