function refuse() {
  throw 'closed on Sundays';
}

refuse();
