module.exports = [
  { rules: { 'no-unused-vars': 'error', 'no-undef': 'error', eqeqeq: 'warn', 'no-debugger': 'error', semi: 'warn' } },
];
