export class NextRequest extends Request {}
