export interface Line { price?: number; count: number }

export function total(lines: Line[]): number {
  return lines.reduce((sum, line) => sum + Number(line.price!.toFixed(2)) * line.count, 0);
}
