export const shelf = { items: [1, 2 };
