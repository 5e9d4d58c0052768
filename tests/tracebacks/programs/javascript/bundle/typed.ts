export const shelf = 'fruit';
export function find(name: string): number {
  return nmae.length;
}
