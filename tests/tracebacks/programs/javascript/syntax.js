const shop = require('./src/broken');

shop.open();
