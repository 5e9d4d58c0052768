const vm = require('vm');

function run(source) {
  return eval(source);
}

try {
  run('missing.price');
} catch (error) {
  console.error(error.stack);
}
vm.runInThisContext('\n\nnull.price', { filename: 'rules.vm' });
