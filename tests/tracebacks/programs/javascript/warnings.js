new Buffer(4);
process.emitWarning('prices are old', 'ShopWarning');
console.log('Error: 0 problems');
console.log('errors: 0, failures: 0');
