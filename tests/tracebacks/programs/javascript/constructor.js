const { Cart } = require('./prices');

new Cart('apples');
