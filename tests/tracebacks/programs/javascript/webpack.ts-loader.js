module.exports = {
  module: { rules: [{ test: /\.ts$/, loader: 'ts-loader', options: { compilerOptions: { noEmit: false } } }] },
  resolve: { extensions: ['.ts', '.js'] },
};
