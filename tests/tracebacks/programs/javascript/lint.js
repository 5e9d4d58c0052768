var x = 1
function unused(a, b) {
  if (a == undefinedName) debugger;
}
console.log('one')
