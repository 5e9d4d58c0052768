require "test/unit"

def per_person(amount, people)
  amount / people
end

class ShopUnit < Test::Unit::TestCase
  def test_total
    assert_equal(3, 2 + 2)
  end

  def test_nobody
    per_person(10, 0)
  end
end
