// A null reference in a generic class.
using System;
using System.Collections.Generic;

namespace Shop
{
    class Cart<T> where T : class
    {
        private readonly List<T> items = new List<T>();

        public Cart<T> Add(T item)
        {
            items.Add(item);
            return this;
        }

        public int Letters()
        {
            int sum = 0;
            items.ForEach(item => sum += item.ToString().Length);
            return sum;
        }
    }

    static class Program
    {
        static void Main()
        {
            Console.WriteLine("Adding up");
            Console.WriteLine(new Cart<string>().Add("tea").Add(null).Letters());
        }
    }
}
