async function refuse() {
  throw { status: 404, reason: 'no such shelf' };
}

refuse();
