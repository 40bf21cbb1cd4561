// What keeps a demo from going through. The command line makes its two lines of it.

export class DemoFault extends Error {
  /** What to do about it. */
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** Somebody has ended it: nothing is wrong. */
export class DemoEnded extends DemoFault {
  constructor() {
    super('the demo was ended before it was through', 'nothing is left behind; run it again');
  }
}
