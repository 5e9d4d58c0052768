import lodash from 'lodash-not-here';

console.log(lodash);
