export interface Line { price?: number; count: number }

export function total(lines: Line[]): number {
  return lines.reduce((sum, line) => sum + line.price!.toFixed(2).length * line.count, 0);
}

function main(): void {
  console.log(total([{ count: 2 }]));
}

main();
