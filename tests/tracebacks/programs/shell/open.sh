echo "hi
echo there
