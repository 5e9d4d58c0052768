# An unrescued NoMethodError: the second item is nil.
Item = Struct.new(:name, :price)

def price_of(item)
  item.price
end

def total(items)
  items.sum { |item| price_of(item) }
end

puts total([Item.new("tea", 3), nil])
