from till.discounts import discount
