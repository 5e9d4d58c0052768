def total(items)
  items.each do |item|
    puts item
end

total([1])
