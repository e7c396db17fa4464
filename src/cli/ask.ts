/** Asks the admin what the flags have not said, where there is somebody to answer. */
import { createInterface } from 'node:readline/promises';
import { CommandError } from './context.ts';

/** One question: what is asked, and what an empty answer means. */
export interface Question {
  readonly text: string;
  readonly fallback?: string;
}

/** Asks in turn on the terminal. Throws `CommandError` with `otherwise` where nobody is there. */
export async function ask(questions: readonly Question[], otherwise: string): Promise<readonly string[]> {
  if (!process.stdin.isTTY) throw new CommandError([otherwise]);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answers: string[] = [];
  try {
    for (const { text, fallback } of questions) {
      let answer = '';
      while (answer === '') {
        answer = (
          await terminal.question(fallback === undefined ? `${text}: ` : `${text} (${fallback}): `)
        ).trim();
        if (answer === '' && fallback !== undefined) answer = fallback;
      }
      answers.push(answer);
    }
    return answers;
  } finally {
    terminal.close();
  }
}

/** Whether an answer means yes. */
export const isYes = (answer: string): boolean => /^y(es)?$/i.test(answer);
