const kept = [];

function fill() {
  for (;;) {
    kept.push(new Array(1000).fill({}).map(() => ({ price: Math.random() })));
  }
}

fill();
