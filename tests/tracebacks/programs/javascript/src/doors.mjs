export function open() {
  return true;
}
